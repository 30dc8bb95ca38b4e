-- which schools students are in; small ones are one, without a name
CREATE OR REPLACE TABLE attends AS
WITH all_ AS (SELECT DISTINCT student, filled(school) AS school FROM rows
    WHERE noted(notes, 3) AND student IS NOT NULL AND filled(school) IS NOT NULL),
large AS (SELECT school FROM all_ GROUP BY school HAVING count(*) >= $fewest)
SELECT DISTINCT student, coalesce(large.school, '') AS school
FROM all_ LEFT JOIN large USING (school)
