-- what words mean: a bit for each choice that takes the type with the
-- relationship, and one for each that texts the phone type
CREATE OR REPLACE TABLE meant AS
WITH choices AS (SELECT unnest(from_json($choices::JSON, '[{"bit": "UBIGINT",
    "types": ["VARCHAR"], "relationships": ["VARCHAR"], "phone_types": ["VARCHAR"]}]'),
    recursive := true))
SELECT words,
    coalesce(bit_or(bit) FILTER (list_contains(types, fold(type))
        AND list_contains(relationships, fold(relationship))), 0) AS mask,
    coalesce(bit_or(bit) FILTER (list_contains(phone_types, fold(phone_type))), 0) << 28
        AS text,
    CASE WHEN list_contains($selves, fold(relationship)) THEN flag(2) ELSE 0 END
        AS self_
FROM worded, choices GROUP BY words, type, relationship, phone_type
