-- users of Clever's Data API, so far as they are counted
SELECT from_json(one, '{"id": "VARCHAR", "email": "VARCHAR", /* names */ "roles": {
    "student": {"sis_id": "VARCHAR", "student_number": "VARCHAR", "school": "VARCHAR",
        "schools": ["VARCHAR"]},
    "contact": {"sis_id": "VARCHAR", "phone": "VARCHAR", "phone_type": "VARCHAR",
        "student_relationships": [{"student": "VARCHAR", "type": "VARCHAR",
            "relationship": "VARCHAR"}]}}}') AS u, one
FROM (/* users */)
