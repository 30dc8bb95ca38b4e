-- a bit for each choice, and the words that it takes
CREATE OR REPLACE TEMP TABLE choices AS
SELECT unnest(from_json($choices::JSON, '[{"bit": "UBIGINT", "types": ["VARCHAR"],
    "relationships": ["VARCHAR"], "phone_types": ["VARCHAR"]}]'), recursive := true)
