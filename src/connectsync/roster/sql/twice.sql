-- the links of contacts who may stand twice with the same student
CREATE OR REPLACE TEMP TABLE twice AS
SELECT {by} contact, student, choices_in(bit_or(bits)) AS mask,
    list(choices_in(bits)) AS masks,
    count(*) FILTER (bits & 1 <> 0) AS firsts,
    count(*) FILTER (bits & 2 <> 0) AS seconds
FROM marked SEMI JOIN
    (SELECT {by} contact FROM people WHERE links > 2 OR (links = 2 AND twins = 0))
    USING ({by} contact)
WHERE student IS NOT NULL GROUP BY {by} contact, student
