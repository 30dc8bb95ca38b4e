-- what users of Clever's Data API are called
SELECT u.roles.contact IS NOT NULL AS is_contact,
    concat_ws(' ', u.name.first, u.name.middle, u.name.last) AS name,
    concat_ws(' ', u.name.first, u.name.middle, u.name.last, mailbox(u.email),
        squeezed(u.id), squeezed(u.roles.student.sis_id),
        squeezed(u.roles.student.student_number), squeezed(u.roles.contact.sis_id),
        squeezed(u.roles.contact.phone)) AS said
FROM (/* users */) WHERE u.id IS NOT NULL
