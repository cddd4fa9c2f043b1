"""Files of records: read as streams, validated row by row, made into dataset versions, split."""
