-- the roles of OneRoster 1.2, by user
CREATE OR REPLACE TEMP TABLE roles AS
SELECT filled({usersourcedid}) AS id, bool_or(fold_role({role}) = 'student') AS student,
    bool_or(fold_role({role}) = 'agent') AS agent
FROM {source} WHERE coalesce(lower(trim({status})), '') <> 'tobedeleted' GROUP BY 1
