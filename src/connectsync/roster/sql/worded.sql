-- each combination of words, and how often it stands there
CREATE OR REPLACE TEMP TABLE worded AS
SELECT type, relationship, phone_type, number IS NOT NULL AS numbered,
    count(*) AS count
FROM rows WHERE contact IS NOT NULL GROUP BY ALL
