-- which schools students are in; those that are not named are one
CREATE OR REPLACE TABLE attends AS
WITH all_ AS (SELECT DISTINCT student, filled(school) AS school FROM rows
    WHERE noted(notes, 3) AND student IS NOT NULL AND filled(school) IS NOT NULL),
shown AS (SELECT unnest($shown::VARCHAR[]) AS school)
SELECT DISTINCT student, coalesce(shown.school, '') AS school
FROM all_ LEFT JOIN shown USING (school)
