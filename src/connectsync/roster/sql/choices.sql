-- a bit for each choice, and the words that it takes
CREATE OR REPLACE TEMP TABLE choices (
    bit UBIGINT, types VARCHAR[], relationships VARCHAR[], phone_types VARCHAR[])
