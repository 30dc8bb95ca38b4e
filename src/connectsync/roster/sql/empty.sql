-- what one row of a source says of a student, a contact, or both. student and contact
-- are hashes of who they are, and so is number of the ten digits of a number that can be
-- texted; null where there is none. words is a hash of type, relationship and phone type;
-- own are the three as in the source, and only where they are none of those in known,
-- which most rows hold. What else is known stands in notes, a bit each, as macros say.
-- email is a hash, where the source knows staff whom it may be compared with
CREATE TABLE rows (student UBIGINT, contact UBIGINT, number UBIGINT, words UBIGINT,
    notes UTINYINT, own VARCHAR[] {columns})
