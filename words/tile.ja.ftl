# tile
