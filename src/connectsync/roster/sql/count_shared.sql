-- how many are alike. Nearly every number is that of one contact: those are left out
-- before the contacts at each are counted
WITH texted AS MATERIALIZED (
    SELECT {by} contact, number, choices_in(bits) & texts_in(bits) & 3 AS mask
    FROM marked WHERE choices_in(bits) & texts_in(bits) & 3 <> 0
    UNION ALL
    SELECT {by} contact, number, choices_in(once) & texts_in(bits) & 3
    FROM marked JOIN (SELECT {by} contact, once FROM odd) USING ({by} contact)
    WHERE choices_in(once) & texts_in(bits) & 3 <> 0),
several AS (SELECT {by} number FROM texted
    GROUP BY {by} number HAVING min(contact) <> max(contact))
SELECT {named}, mask, count(*) FROM (
    SELECT {by} number, (count(*) FILTER (mask & 1 <> 0) > 1)::INTEGER
            + 2 * (count(*) FILTER (mask & 2 <> 0) > 1)::INTEGER AS mask
    FROM (SELECT {by} number, bit_or(mask) AS mask
        FROM texted SEMI JOIN several USING ({by} number)
        GROUP BY {by} contact, number)
    GROUP BY {by} number)
WHERE mask > 0 GROUP BY ALL
