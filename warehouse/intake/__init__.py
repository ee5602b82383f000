"""Reading an upload into rows, safely: guard, child process, readers, numbers as people write them."""
