-- each user in files with answers of Clever: pages, lists or users alone
SELECT CASE WHEN json_type(one, '$.data') = 'OBJECT' THEN one->'$.data' ELSE one END
    AS one
FROM (SELECT unnest(CASE WHEN json_type(json, '$.data') = 'ARRAY'
    THEN from_json(json->'$.data', '["JSON"]') ELSE [json] END) AS one FROM /* source */)
