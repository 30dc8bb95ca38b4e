-- a row of students.csv or contacts.csv: a student, a contact, or both
INSERT INTO rows BY NAME
SELECT key('student', {student}) AS student, {lists} AS lists_student,
    filled({student}) IS NOT NULL AS has_id, {has_number} AS has_number,
    filled({school}) AS school,
    coalesce(key('contact', {contact}), known_by({name}, {email}, digits({phone})))
        AS contact,
    true AS lists_contact,
    filled({contact}) IS NOT NULL AS own,
    filled({type}) AS type, filled({relationship}) AS relationship,
    filled({phone_type}) AS phone_type,
    textable(digits({phone})) AS number,
    key('email', lower({email})) AS email
FROM {source}
