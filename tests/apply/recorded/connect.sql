BEGIN TRANSACTION;
CREATE TABLE district (
        key TEXT PRIMARY KEY, name TEXT NOT NULL, saves INTEGER NOT NULL,
        version TEXT NOT NULL, form TEXT NOT NULL, token_digest TEXT NOT NULL
    ) WITHOUT ROWID
    ;
INSERT INTO "district" VALUES('elm-grove','elm-grove',3,'3-d9b33d80644e','{"districtId": "", "studentId": "STUDENT ID", "archivedStudents": "(placeholder) Leave archived", "enableDailySync": false, "manageGuardians": false, "unarchiveClassrooms": false, "updateActiveUsers": false, "contactTypes": [], "contactRelationships": [], "phoneTypes": [], "deletionThreshold": null, "permissions": []}','');
INSERT INTO "district" VALUES('harbor-point','harbor-point',4,'4-80c7c38aefa3','{"districtId": "", "studentId": "STUDENT NUMBER", "archivedStudents": "(placeholder) Leave archived", "enableDailySync": false, "manageGuardians": true, "unarchiveClassrooms": false, "updateActiveUsers": false, "contactTypes": [], "contactRelationships": [], "phoneTypes": ["Cell"], "deletionThreshold": 7, "permissions": []}','');
INSERT INTO "district" VALUES('lakeview','lakeview',5,'5-4b351e40f718','{"districtId": "", "studentId": "STUDENT ID", "archivedStudents": "(placeholder) Leave archived", "enableDailySync": false, "manageGuardians": true, "unarchiveClassrooms": false, "updateActiveUsers": false, "contactTypes": [], "contactRelationships": [], "phoneTypes": ["Cell"], "deletionThreshold": null, "permissions": []}','');
INSERT INTO "district" VALUES('maple','maple',2,'2-34d54aeb6561','{"districtId": "", "studentId": "STUDENT ID", "archivedStudents": "(placeholder) Leave archived", "enableDailySync": false, "manageGuardians": false, "unarchiveClassrooms": false, "updateActiveUsers": false, "contactTypes": [], "contactRelationships": [], "phoneTypes": ["Cell"], "deletionThreshold": null, "permissions": []}','');
CREATE TABLE learnt_option (
        field TEXT NOT NULL, label TEXT NOT NULL, PRIMARY KEY (field, label)
    );
CREATE TABLE remembered (
        key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, district TEXT NOT NULL,
        version TEXT NOT NULL, at REAL NOT NULL
    ) WITHOUT ROWID
    ;
INSERT INTO "remembered" VALUES('4b044a51010e4a4eba88e9cca552d8cc','9dec2003b460fe1fb628aa2e45fc9fa8ebf94e40d380fd583560fb55f803d09f','lakeview','5-4b351e40f718',1.79590219788407397271e+09);
INSERT INTO "remembered" VALUES('6348392c18ad4401b4287a005168389b','0816df68091f1fbed4b1fb003ae3673feb73fca0c93f37226e9717f4f77915ed','lakeview','3-d9b33d80644e',1.79590219683796310421e+09);
INSERT INTO "remembered" VALUES('6d1382d1ccb7408f8cf31191f28dc588','f81828abca40182bdcb730e8681a3e3cf0168b8340ab502dc52b1bf5d5644096','lakeview','2-edfe95241d9f',1.79590219570657110212e+09);
INSERT INTO "remembered" VALUES('729581994aad46cca6f9c9cf11c2e1fc','5ee44f2730ce3adcb7b776ec042cc8fb6abca8a629bbcdccb7df49b287d70f83','elm-grove','3-d9b33d80644e',1.79590219799650788311e+09);
INSERT INTO "remembered" VALUES('766b5b73b0544908a51b23bb4485ab8c','666d70131df9f161832928b7b90f7ef94335f697aa1daaa3efa55177d271c33e','harbor-point','4-80c7c38aefa3',1.79590219823653793329e+09);
INSERT INTO "remembered" VALUES('80884c5d9c7c42c8a02163f90f940e2d','d4d19eba6cfd054487503713ec5022d47d0b231d7ecf9c3e280a44de4d579f26','maple','2-34d54aeb6561',1.79590219575376701353e+09);
INSERT INTO "remembered" VALUES('b0198994cda24b0da1007b385f2dc1eb','41398347c934a36ce60c721e95ba5bc2aa515b1dc9703a748e5a8a6b14cd279a','elm-grove','2-34d54aeb6561',1.79590219630888509754e+09);
INSERT INTO "remembered" VALUES('b4812f9e9f9f4db0b4453b82691936f0','3fa9309735ba64512097a3d2d1071f13a3eaf37be1eeb8807eefeb1cca719cfd','harbor-point','2-34d54aeb6561',1795902196.55625);
INSERT INTO "remembered" VALUES('c25aecab13d942be80ef5f5772fcd199','81af4d04fd8fb704dd3ba75dc1b2c8a1cdbef23f944e46fe0d12d4d0e67a3b08','harbor-point','3-dfcee8b08772',1795902197.60734);
INSERT INTO "remembered" VALUES('f69e8297dc1742808e6cb3c3961dcc2f','81daf3975bf70eabaed9c3028f9234cb1ec8c2eda72f0eee2bb12863d7fffc3d','lakeview','4-34d54aeb6561',1.79590219695613193514e+09);
CREATE TABLE session (
        digest TEXT PRIMARY KEY, email TEXT NOT NULL, csrf TEXT NOT NULL,
        ends REAL NOT NULL, visits INTEGER NOT NULL
    ) WITHOUT ROWID
    ;
CREATE TABLE user (
        email TEXT PRIMARY KEY, password TEXT NOT NULL, everywhere INTEGER NOT NULL
    ) WITHOUT ROWID
    ;
CREATE TABLE user_district (
        email TEXT NOT NULL, district TEXT NOT NULL, PRIMARY KEY (email, district)
    ) WITHOUT ROWID
    ;
CREATE INDEX remembered_at ON remembered (at);
CREATE INDEX district_by_name ON district (name COLLATE NOCASE, key)
    ;
CREATE INDEX session_ends ON session (ends);
COMMIT;
