-- users of Clever's Data API: a row for each link of a contact and school of a student
INSERT INTO rows BY NAME
WITH users AS (SELECT from_json(one, '/* shape */') AS u FROM (/* users */)),
roles AS (SELECT u, u.roles.student AS student, u.roles.contact AS contact
    FROM users WHERE u.id IS NOT NULL),
parts AS (SELECT *, unnest(CASE
    WHEN contact IS NOT NULL AND len(contact.student_relationships) > 0
        THEN contact.student_relationships
    WHEN student IS NOT NULL AND len(student.schools) > 0 THEN list_transform(
        student.schools, lambda s: {'student': s, 'type': '', 'relationship': ''})
    ELSE [NULL] END) AS part FROM roles),
rows AS (SELECT
    key(CASE WHEN student IS NOT NULL THEN u.id ELSE part.student END) AS student,
    CASE WHEN student IS NOT NULL THEN coalesce(part.student, student.school) END
        AS school,
    CASE WHEN contact IS NOT NULL THEN key(u.id) END AS contact,
    CASE WHEN contact IS NOT NULL THEN part.type END AS type,
    CASE WHEN contact IS NOT NULL THEN part.relationship END AS relationship,
    contact.phone_type AS phone_type,
    textable(contact.phone) AS number,
    key(lower(u.email)) AS email,
    note_if(0, is_filled(u.email)) | note_if(1, is_filled(contact.sis_id))
        | note_if(2, contact IS NOT NULL) | CASE WHEN student IS NOT NULL
            THEN note(3) | note(5) | note(7) | note_if(4, is_filled(student.sis_id))
                | note_if(6, is_filled(student.student_number)) ELSE 0 END AS notes
    FROM parts)
SELECT *, hash(type, relationship, phone_type) AS words FROM rows
