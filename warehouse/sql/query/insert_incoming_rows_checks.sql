-- The batch's rows, from a frame registered as incoming_frame with the columns of incoming_row in order
INSERT INTO incoming_row SELECT * FROM incoming_frame
