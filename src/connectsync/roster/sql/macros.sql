CREATE MACRO filled(x) AS nullif(trim(x), '');

CREATE MACRO fold(x) AS lower(nullif(trim(x), ''));

-- hash(null) is no null
CREATE MACRO key(kind, x) AS
    CASE WHEN trim(x) <> '' THEN hash(kind, trim(x)) END;

-- what stands in nearly every number is taken out without a regular expression
CREATE MACRO bare(x) AS
    replace(replace(replace(replace(x, '(', ''), ')', ''), '-', ''), ' ', '');

CREATE MACRO digits(x) AS CASE WHEN regexp_full_match(bare(x), '\d*') THEN bare(x)
    ELSE regexp_replace(x, '[^0-9]+', '', 'g') END;

-- a number that can be texted: ten digits, or eleven that begin with 1
CREATE MACRO textable(digits) AS CASE
    WHEN strlen(digits) = 10 THEN digits::UBIGINT
    WHEN strlen(digits) = 11 AND digits[1] = '1' THEN digits[2:]::UBIGINT
END;

-- who has no id is known by name, email and all digits; null if all are blank
CREATE MACRO known_by(name, email, digits) AS nullif(
    hash('known by', coalesce(lower(trim(name)), ''),
        coalesce(lower(trim(email)), ''), coalesce(digits, '')),
    hash('known by', '', '', ''));

-- the roles of OneRoster that Connect takes as guardians
CREATE MACRO fold_role(x) AS CASE
    WHEN lower(trim(x)) IN ('guardian', 'parent', 'relative') THEN 'agent'
    ELSE lower(trim(x)) END;
