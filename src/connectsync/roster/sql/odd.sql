-- those contacts whose rows differ, or who may stand twice with a student
CREATE OR REPLACE TABLE odd AS
SELECT {by} unnest(who) AS contact, once, always, again FROM people
