-- what people in a file of CSV are called
SELECT {name} AS name, concat_ws(' ', {said}) AS said,
    concat_ws('', {type}, {relationship}, {phone_type}) <> '' AS is_contact
FROM {source}
