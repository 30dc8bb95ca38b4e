-- how many are alike; what stands in several rows counts once
SELECT {named}, mask, sum(many)::BIGINT AS total FROM (
    SELECT {by} choices_in(bits) AS mask, count(*) AS many FROM marked
        WHERE student IS NOT NULL AND contact IS NOT NULL GROUP BY ALL
    UNION ALL SELECT {by} unnest(masks), -1 FROM twice
    UNION ALL SELECT {by} mask, 1 FROM twice)
GROUP BY ALL HAVING total > 0
