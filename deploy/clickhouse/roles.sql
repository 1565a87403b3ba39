-- Who may do what in the audit's database, here called `assay`. Run once as an administrator of the server, after the
-- first start of a node (which makes the database) or before it.

-- Makes and changes tables and views; the first start of a version needs it, later starts do not.
CREATE ROLE IF NOT EXISTS audit_admin;
GRANT CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP TABLE, DROP VIEW, ALTER TABLE, SELECT, INSERT ON assay.* TO audit_admin;

-- Writes rows and reads back their places and hashes, never what they say; changes and deletes nothing.
CREATE ROLE IF NOT EXISTS audit_writer;
GRANT INSERT ON assay.record TO audit_writer;
GRANT SELECT(topic, partition, offset, position, chain) ON assay.record TO audit_writer;
GRANT SELECT ON assay.log TO audit_writer;
GRANT CREATE TABLE, DROP TABLE, INSERT, SELECT ON assay.probe TO audit_writer;

-- Reads everything.
CREATE ROLE IF NOT EXISTS audit_reader;
GRANT SELECT ON assay.* TO audit_reader;
