-- of all parts those that are looked for, and what counts contacts
WHERE part IN ('', ' ') OR part IN (
    SELECT unnest(list_append(parts, squeezed)) FROM asked)
