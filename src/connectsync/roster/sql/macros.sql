CREATE MACRO filled(x) AS nullif(trim(x), '');

CREATE MACRO fold(x) AS lower(nullif(trim(x), ''));

-- trim takes longer than all else that is done with most fields, so it is left to those
-- with a blank at the front, or any: what holds of nearly all is asked for last
CREATE MACRO is_filled(x) AS
    CASE WHEN x < '!' THEN trim(x) <> '' ELSE x IS NOT NULL END;

CREATE MACRO key(x) AS CASE
    WHEN contains(x, ' ') OR x = '' THEN CASE WHEN trim(x) <> '' THEN hash(trim(x)) END
    WHEN x IS NOT NULL THEN hash(x) END;

-- a number is known by a hash of its ten digits, spelled as in most rosters: where it is
-- spelled so, nothing has to be taken apart
CREATE MACRO usual(x) AS CASE
    WHEN x GLOB '([0-9][0-9][0-9]) [0-9][0-9][0-9]-[0-9][0-9][0-9][0-9]' THEN hash(x) END;

CREATE MACRO hash_of_ten(digits) AS
    hash('(' || digits[1:3] || ') ' || digits[4:6] || '-' || digits[7:10]);

-- all digits of a number; of the next spellings without a regular expression
CREATE MACRO digits_in(x) AS CASE
    WHEN x GLOB '[0-9][0-9][0-9]-[0-9][0-9][0-9]-[0-9][0-9][0-9][0-9]'
        OR x GLOB '[0-9][0-9][0-9].[0-9][0-9][0-9].[0-9][0-9][0-9][0-9]'
        THEN x[1:3] || x[5:7] || x[9:12]
    WHEN x GLOB '[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]' THEN x
    ELSE regexp_replace(x, '[^0-9]+', '', 'g') END;

-- a number that can be texted: ten digits, or eleven that begin with 1
CREATE MACRO ten(digits) AS CASE
    WHEN strlen(digits) = 10 THEN hash_of_ten(digits)
    WHEN strlen(digits) = 11 AND digits[1] = '1' THEN hash_of_ten(digits[2:])
END;

CREATE MACRO textable(x) AS coalesce(usual(x), ten(digits_in(x)));

-- who has no id is known by name, email and all digits; null if all are blank
CREATE MACRO known_by(name, email, digits) AS nullif(
    hash(fold(name), fold(email), digits),
    hash(NULL::VARCHAR, NULL::VARCHAR, 0::UBIGINT));

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

-- what is known of a row in one number: 27 bits say which choices take its type and
-- relationship, one that it names no student, 28 which choices text its phone type, and
-- above them are its notes, of which 2 says that the contact is the student
CREATE MACRO choices_in(bits) AS bits & 134217727;

CREATE MACRO texts_in(bits) AS bits >> 28 & 134217727;

CREATE MACRO alone() AS 134217728::UBIGINT;

-- that a contact can be reached, by email or under a choice by text
CREATE MACRO reach_in(bits) AS bits & 108086390788456448;

CREATE MACRO flag(n) AS 1::UBIGINT << (56 + n)::UBIGINT;

CREATE MACRO has(bits, n) AS bits & flag(n) <> 0;

CREATE MACRO notes_in(notes) AS (notes & 251)::UBIGINT << 56;

CREATE MACRO is_nested(x) AS starts_with(x, '{') OR starts_with(x, '[');

-- what keeps a user in JSON from being understood; null if nothing does
CREATE MACRO wrong_in(one) AS CASE
    WHEN json_type(one) <> 'OBJECT' THEN 'it is no object'
    WHEN json_exists(one, '$.data') AND NOT json_exists(one, '$.id')
        THEN 'its data is no object'
    WHEN json_type(one, '$.roles') NOT IN ('OBJECT', 'NULL')
        THEN 'its roles are no object'
    WHEN json_type(one, '$.roles.student') NOT IN ('OBJECT', 'NULL')
        OR json_type(one, '$.roles.contact') NOT IN ('OBJECT', 'NULL')
        THEN 'one of its roles is no object'
    WHEN 'OBJECT' IN (json_type(one, '$.roles.student'),
            json_type(one, '$.roles.contact'))
        AND (coalesce(json_type(one, '$.id'), 'NULL') IN ('NULL', 'OBJECT', 'ARRAY')
            OR trim(one->>'$.id') = '')
        THEN 'it has no id'
    WHEN json_type(one, '$.roles.contact.student_relationships')
        NOT IN ('ARRAY', 'NULL') THEN 'its student_relationships are no list'
    WHEN len(list_filter(
            from_json(one->'$.roles.contact.student_relationships', '["JSON"]'),
            lambda r: coalesce(json_type(r), 'NULL') <> 'OBJECT'
                OR json_type(r, '$.student') IN ('OBJECT', 'ARRAY'))) > 0
        THEN 'one of its student_relationships names no student'
    WHEN json_type(one, '$.roles.contact.phone') IN ('OBJECT', 'ARRAY')
        THEN 'its phone is no text' END;

CREATE TABLE known
    (words UBIGINT, type VARCHAR, relationship VARCHAR, phone_type VARCHAR);


-- words as they are compared with names: without accents, capitals and apostrophes
CREATE MACRO plain(x) AS lower(strip_accents(replace(replace(x, '''', ''), '’', '')));

CREATE MACRO squeezed(x) AS regexp_replace(x, '[^a-zA-Z0-9]+', '', 'g');

CREATE MACRO parts_in(x) AS
    list_filter(string_split_regex(plain(x), '[^a-z0-9]+'), lambda one: one <> '');

-- of an email, what stands before the @
CREATE MACRO mailbox(x) AS split_part(x, '@', 1);

-- parts of names, emails, phones and ids by hash, and in how many rows each stands;
-- '' is a contact, and ' ' one that has a name
CREATE TABLE theirs (part UBIGINT, total BIGINT);
