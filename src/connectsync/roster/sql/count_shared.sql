-- how many are alike; nearly all contacts have one number
SELECT {named}, mask, count(*) FROM (
    SELECT {by} number, (count(*) FILTER (mask & 1 <> 0) > 1)::INTEGER
            + 2 * (count(*) FILTER (mask & 2 <> 0) > 1)::INTEGER AS mask
    FROM (
        SELECT {by} low AS number, choices_in(once) & texts_in(once) & 3 AS mask
        FROM people WHERE low = high
        UNION ALL
        SELECT {by} number, bit_or(choices_in(once) & texts_in(bits) & 3) AS mask
        FROM marked JOIN (SELECT {by} contact, once FROM people WHERE low <> high)
            USING ({by} contact)
        WHERE number IS NOT NULL GROUP BY {by} contact, number)
    WHERE mask > 0 GROUP BY {by} number)
WHERE mask > 0 GROUP BY ALL
