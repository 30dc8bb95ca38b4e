-- values that may be names by mistake, and the parts of each
CREATE OR REPLACE TABLE asked AS
SELECT value, squeezed(plain(value)) AS squeezed, parts_in(value) AS parts,
    regexp_matches(plain(value), '[^\x00-\x7F]') AS odd
FROM (SELECT unnest($values::VARCHAR[]) AS value)
