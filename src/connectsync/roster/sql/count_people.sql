-- how many are alike; who matches for one student, and not for another, is partial
SELECT {named}, choices_in(once), texts_in(once),
    choices_in(once & ~coalesce(linked, always)), has(once, 0), has(once, 1),
    has(once, 2), count(*)
FROM people LEFT JOIN
    (SELECT {by} contact, bit_and(mask) AS linked FROM twice GROUP BY {by} contact)
    USING ({by} contact)
GROUP BY ALL
