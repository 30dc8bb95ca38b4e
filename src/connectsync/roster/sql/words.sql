-- how often each word stands there, unless there are far too many of them, and how many
-- combinations there are; where there is no number, it has no type either
WITH told AS (SELECT * FROM worded WHERE (SELECT count(*) FROM worded) <= $most)
SELECT field, coalesce(word, '') AS word, sum(count)::BIGINT AS total FROM (
    SELECT 'type' AS field, fold(type) AS word, count FROM told
    UNION ALL SELECT 'relationship', fold(relationship), count FROM told
    UNION ALL SELECT 'phone_type', fold(phone_type),
        CASE WHEN fold(phone_type) IS NULL THEN numbered ELSE count END FROM told)
GROUP BY 1, 2 HAVING total > 0
UNION ALL SELECT '', '', count(*) FROM worded
