CREATE MACRO filled(x) AS nullif(trim(x), '');

CREATE MACRO fold(x) AS lower(nullif(trim(x), ''));

-- trim takes longer than all else that is done with most fields, so it is left out
-- where the first character is no space and no other one is
CREATE MACRO is_filled(x) AS CASE WHEN x >= '!' THEN true ELSE trim(x) <> '' END;

CREATE MACRO key(x) AS CASE
    WHEN x >= '!' AND NOT contains(x, ' ') THEN hash(x)
    WHEN trim(x) <> '' THEN hash(trim(x)) END;

CREATE MACRO all_digits(x) AS regexp_replace(x, '[^0-9]+', '', 'g');

-- the digits of a number as Clever spells it, or what is left of another one without
-- what stands in nearly every number: both take less time than a regular expression
CREATE MACRO bare(x) AS CASE WHEN x LIKE '(___) ___-____'
    THEN substring(x, 2, 3) || substring(x, 7, 3) || substring(x, 11, 4)
    ELSE replace(replace(replace(replace(x, '(', ''), ')', ''), '-', ''), ' ', '') END;

-- ten digits that do not begin with 0; what is spelled as it was read is digits alone
CREATE MACRO usual_number(bare, number) AS CASE
    WHEN number BETWEEN 1000000000 AND 9999999999 AND number::VARCHAR = bare
    THEN number END;

-- ten digits, or eleven that begin with 1
CREATE MACRO ten(digits) AS CASE
    WHEN strlen(digits) = 10 THEN digits::UBIGINT
    WHEN strlen(digits) = 11 AND digits[1] = '1' THEN digits[2:]::UBIGINT
END;

-- a number that can be texted
CREATE MACRO textable(x) AS
    coalesce(usual_number(bare(x), TRY_CAST(bare(x) AS UBIGINT)),
        CASE WHEN strlen(x) >= 10 THEN ten(all_digits(x)) END);

-- who has no id is known by name, email and all digits; null if all are blank
CREATE MACRO known_by(name, email, digits) AS nullif(
    hash(lower(trim(coalesce(name, ''))), lower(trim(coalesce(email, ''))),
        coalesce(digits, '')),
    hash('', '', ''));

-- the roles of OneRoster that Connect takes as guardians
CREATE MACRO fold_role(x) AS CASE
    WHEN lower(trim(x)) IN ('guardian', 'parent', 'relative') THEN 'agent'
    ELSE lower(trim(x)) END;

-- what a row says in one bit each: 0 of an email, 1 of an id of the contact's own, 2
-- that the contact is listed there and 3 that the student is, 4 of an id of the student
-- and 6 of a student number, 5 and 7 whether it could have said so
CREATE MACRO note(n) AS (1 << n)::UTINYINT;

CREATE MACRO note_if(n, x) AS CASE WHEN x THEN note(n) ELSE 0::UTINYINT END;

CREATE MACRO noted(notes, n) AS notes & note(n) <> 0;

-- what is known of a row in one number: 28 bits say which choices take its type and
-- relationship, 28 which ones text its phone type, and above them are its notes, of
-- which 2 says that the contact is the student
CREATE MACRO choices_in(bits) AS bits & 268435455;

CREATE MACRO texts_in(bits) AS bits >> 28 & 268435455;

-- that a contact can be reached, by email or under a choice by text
CREATE MACRO reach_in(bits) AS bits & 144115187807420416;

CREATE MACRO flag(n) AS 1::UBIGINT << (56 + n)::UBIGINT;

CREATE MACRO has(bits, n) AS bits & flag(n) <> 0;

CREATE MACRO notes_in(notes) AS (notes & 251)::UBIGINT << 56;
