CREATE MACRO filled(x) AS nullif(trim(x), '');

CREATE MACRO fold(x) AS lower(nullif(trim(x), ''));

-- hash(null) is no null
CREATE MACRO key(kind, x) AS
    CASE WHEN trim(x) <> '' THEN hash(kind, trim(x)) END;

-- what stands in nearly every number is taken out without a regular expression
CREATE MACRO bare(x) AS
    replace(replace(replace(replace(x, '(', ''), ')', ''), '-', ''), ' ', '');

-- a number that is spelled as it was read holds digits alone
CREATE MACRO plain(x) AS TRY_CAST(x AS UBIGINT)::VARCHAR = x;

CREATE MACRO digits(x) AS CASE WHEN plain(bare(x)) THEN bare(x)
    ELSE regexp_replace(x, '[^0-9]+', '', 'g') END;

-- ten digits, or eleven that begin with 1
CREATE MACRO ten(digits) AS CASE
    WHEN strlen(digits) = 10 THEN digits::UBIGINT
    WHEN strlen(digits) = 11 AND digits[1] = '1' THEN digits[2:]::UBIGINT
END;

-- a number that can be texted; nearly all are as they are spelled once bare
CREATE MACRO textable(x) AS CASE
    WHEN strlen(bare(x)) = 10 AND plain(bare(x)) THEN TRY_CAST(bare(x) AS UBIGINT)
    WHEN strlen(x) >= 10 THEN ten(digits(x))
END;

-- who has no id is known by name, email and all digits; null if all are blank.
-- What stands here once is computed for few rows, what stands here twice for all
CREATE MACRO known_by(name, email, phone) AS
    CASE WHEN coalesce(name, email, phone) IS NOT NULL
            AND concat(trim(name), trim(email), digits(phone)) <> ''
        THEN hash('known by', coalesce(lower(trim(name)), ''),
            coalesce(lower(trim(email)), ''), coalesce(digits(phone), '')) END;

-- the roles of OneRoster that Connect takes as guardians
CREATE MACRO fold_role(x) AS CASE
    WHEN lower(trim(x)) IN ('guardian', 'parent', 'relative') THEN 'agent'
    ELSE lower(trim(x)) END;

-- what is known of a row in one number: 28 bits say which choices take its type and
-- relationship, 28 which ones text its phone type, and eight are flags
CREATE MACRO choices_in(bits) AS bits & 268435455;

CREATE MACRO texts_in(bits) AS bits >> 28 & 268435455;

-- that a contact can be reached, by email or under a choice by text
CREATE MACRO reach_in(bits) AS bits & 144115187807420416;

CREATE MACRO flag(n) AS 1::UBIGINT << (56 + n)::UBIGINT;

CREATE MACRO has(bits, n) AS bits & flag(n) <> 0;

CREATE MACRO flag_if(n, x) AS CASE WHEN x THEN flag(n) ELSE 0 END;
