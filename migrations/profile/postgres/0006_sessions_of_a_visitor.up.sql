-- The sessions of a visitor are looked for when he is merged into another or erased.
create index visitor_sessions_visitor on visitor_sessions (visitor);
