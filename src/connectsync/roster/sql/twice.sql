-- the links of contacts who may stand twice with the same student
CREATE OR REPLACE TABLE twice AS
SELECT {by} contact, student, choices_in(bit_or(bits)) AS mask,
    list(choices_in(bits)) AS masks
FROM marked SEMI JOIN (SELECT {by} contact FROM odd WHERE again) USING ({by} contact)
WHERE student IS NOT NULL GROUP BY {by} contact, student
