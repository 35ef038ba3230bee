-- What an operator says of a model wins over the catalog, which is kept beside it, so that the next import still sees
-- what the file before it said. NULL: no operator said otherwise.
ALTER TABLE tollgate.models
    ADD COLUMN catalog_name text,
    ADD COLUMN catalog_deprecated boolean;
