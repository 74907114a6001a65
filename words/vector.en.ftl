# vector
