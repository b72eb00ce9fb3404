"""The server: carries messages between voters, scrutineer, trustees and the engine over HTTP."""
