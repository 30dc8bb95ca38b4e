-- each combination of words, how often it stands there, and how often with a number
CREATE OR REPLACE TABLE worded AS
WITH counted AS (SELECT words, count(*) AS count, count(number) AS numbered
    FROM rows WHERE contact IS NOT NULL GROUP BY words),
others AS (SELECT words, any_value(own) AS own
    FROM rows WHERE own IS NOT NULL GROUP BY words)
SELECT words, coalesce(known.type, own[1]) AS type,
    coalesce(known.relationship, own[2]) AS relationship,
    coalesce(known.phone_type, own[3]) AS phone_type, count, numbered
FROM counted LEFT JOIN known USING (words) LEFT JOIN others USING (words)
