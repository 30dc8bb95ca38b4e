-- how many are alike
SELECT {named}, mask, count(*) FROM (
    SELECT {by} number,
        (count(DISTINCT contact) FILTER (mask & 1 <> 0) > 1)::INTEGER
            + 2 * (count(DISTINCT contact) FILTER (mask & 2 <> 0) > 1)::INTEGER
            AS mask
    FROM (SELECT {by} number, contact, phones.text & guardian AS mask
        FROM {rows} AS rows JOIN
            (SELECT DISTINCT phone_type, text FROM meant) AS phones
            USING (phone_type) JOIN people USING ({by} contact)
        WHERE number IN (SELECT number FROM rows WHERE number IS NOT NULL
            GROUP BY number HAVING min(contact) <> max(contact)))
    GROUP BY {by} number)
WHERE mask > 0 GROUP BY ALL
