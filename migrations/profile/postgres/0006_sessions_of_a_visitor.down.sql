drop index visitor_sessions_visitor;
