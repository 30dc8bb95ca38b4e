-- what words mean: a bit for each choice that takes the type with the
-- relationship, and one for each that texts the phone type
CREATE OR REPLACE TEMP TABLE meant AS
WITH words AS (SELECT DISTINCT type, relationship, phone_type FROM worded)
SELECT type, relationship, phone_type,
    coalesce(bit_or(bit) FILTER (list_contains(types, fold(type))
        AND list_contains(relationships, fold(relationship))), 0) AS mask,
    coalesce(bit_or(bit) FILTER (list_contains(phone_types, fold(phone_type))), 0) << 28
        AS text,
    flag_if(2, list_contains($selves, fold(relationship))) AS self_
FROM words, choices GROUP BY ALL
