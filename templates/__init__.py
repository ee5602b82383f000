"""What people see: mails, workbooks, reports, site. Returns text or bytes."""
