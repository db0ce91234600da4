// number
