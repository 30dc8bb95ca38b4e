-- how often each word stands there; where there is no number, it has no type either
SELECT field, coalesce(word, '') AS word, sum(count)::BIGINT AS total FROM (
    SELECT 'type' AS field, fold(type) AS word, count FROM worded
    UNION ALL SELECT 'relationship', fold(relationship), count FROM worded
    UNION ALL SELECT 'phone_type', fold(phone_type),
        CASE WHEN fold(phone_type) IS NULL THEN numbered ELSE count END FROM worded)
GROUP BY 1, 2 HAVING total > 0
