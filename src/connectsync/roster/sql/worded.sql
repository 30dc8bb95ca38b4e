-- each combination of words, how often it stands there, and how often with a number
CREATE OR REPLACE TEMP TABLE worded AS
WITH counted AS (SELECT words, count(*) AS count, count(number) AS numbered
    FROM rows WHERE contact IS NOT NULL GROUP BY words),
others AS (SELECT words, any_value(type) AS type,
        any_value(relationship) AS relationship, any_value(phone_type) AS phone_type
    FROM rows WHERE coalesce(type, relationship, phone_type) IS NOT NULL GROUP BY words)
SELECT words, coalesce(known.type, others.type) AS type,
    coalesce(known.relationship, others.relationship) AS relationship,
    coalesce(known.phone_type, others.phone_type) AS phone_type, count, numbered
FROM counted LEFT JOIN known USING (words) LEFT JOIN others USING (words)
