-- each combination of words, how often it stands there, and how often with a number
CREATE OR REPLACE TEMP TABLE worded AS
SELECT words, any_value(type) AS type, any_value(relationship) AS relationship,
    any_value(phone_type) AS phone_type, count(*) AS count, count(number) AS numbered
FROM rows WHERE contact IS NOT NULL GROUP BY words
