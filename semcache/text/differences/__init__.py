"""In what two texts can differ: words that exclude or replace each other, negation, order, signs, dress."""
