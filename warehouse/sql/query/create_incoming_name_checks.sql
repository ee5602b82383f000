-- Temp table incoming_name: every name written in the batch or registered in its plans, with the form that is compared
CREATE OR REPLACE TEMP TABLE incoming_name (text VARCHAR, folded VARCHAR)
