-- Run once by the postgres container beside its first database: Prefect keeps its runs apart from the lake's catalog.
CREATE DATABASE prefect OWNER jibao;
