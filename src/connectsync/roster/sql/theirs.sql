-- parts of names, emails, phones and ids, and which contacts have a name at all
INSERT INTO theirs
SELECT hash(part), count(*) FROM (
    SELECT unnest({parts} || CASE WHEN NOT is_contact THEN []
        WHEN regexp_matches(name, '\pL') THEN ['', ' '] ELSE [''] END) AS part
    FROM (SELECT plain(said) AS said, name, is_contact FROM ({people})))
{wanted} GROUP BY part
