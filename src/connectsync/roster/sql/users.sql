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
    ELSE [NULL] END) AS part FROM roles)
SELECT
    key('student', CASE WHEN student IS NOT NULL THEN u.id ELSE part.student END)
        AS student,
    student IS NOT NULL AS lists_student,
    CASE WHEN student IS NOT NULL THEN filled(student.sis_id) IS NOT NULL END
        AS has_id,
    CASE WHEN student IS NOT NULL THEN filled(student.student_number) IS NOT NULL
        END AS has_number,
    CASE WHEN student IS NOT NULL THEN coalesce(part.student, student.school) END
        AS school,
    CASE WHEN contact IS NOT NULL THEN key('contact', u.id) END AS contact,
    contact IS NOT NULL AS lists_contact,
    filled(contact.sis_id) IS NOT NULL AS own,
    CASE WHEN contact IS NOT NULL THEN part.type END AS type,
    CASE WHEN contact IS NOT NULL THEN part.relationship END
        AS relationship,
    contact.phone_type AS phone_type,
    textable(contact.phone) AS number,
    key('email', lower(u.email)) AS email
FROM parts
