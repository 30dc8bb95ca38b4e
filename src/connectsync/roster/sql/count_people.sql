-- how many are alike; who matches for one student, and not for another, is partial
SELECT {named}, choices_in(once), texts_in(once), choices_in(once & ~always) AS partial,
    has(once, 0), has(once, 1), has(once, 2), sum(total)::BIGINT
FROM (
    SELECT {by} once, always, total FROM people WHERE NOT again
    UNION ALL SELECT {by} once, coalesce(linked, always), 1
    FROM odd LEFT JOIN
        (SELECT {by} contact, bit_and(mask) AS linked FROM twice GROUP BY {by} contact)
        USING ({by} contact)
    WHERE again)
GROUP BY ALL
