/** First and last names from many countries. The order decides about values: never change it within a version. */
import { splitWords } from "./word-table.ts";

export const FIRST_NAMES = splitWords(`
Ada Adam Adrian Aisha Akira Alba Aleksi Alice Alma Amara Amelia Amina Ana Anders Andrea Andrei Anika Anna Antoine Anton
Aria Arjun Arthur Asha Astrid Ayumi Beatriz Bela Benjamin Bianca Boris Bruno Camila Carla Carlos Carmen Cecilia Celine Chen
Chiara Chidi Chloe Christopher Clara Claude Daan Dalia Daniel Daria David Deepa Diana Diego Dilara Dmitri Dora Edgar Eduardo
Eero Elena Eleni Elias Elif Elin Elisa Emil Emilia Emma Emre Erik Esther Eva Ewa Fatima Felix Femi Fernanda Filip Finn Fiona
Florian Francesca Frida Gabriel Georgi Giulia Goran Grace Greta Hana Hanna Hans Haruka Hassan Heidi Helena Henrik Hiroshi Hugo
Ibrahim Ida Ifeoma Ilse Imani Ines Ingrid Irena Iris Isaac Isabel Ivan Ivana Jakub Jamal James Jan Jana Jasper Javier Jin Joana
Johan Jonas Jorge Josefina Juan Julia Julian Jun Kaito Kamala Karim Karin Katarina Kenji Khadija Kofi Kristina Kwame Lara Lars
Laszlo Laura Layla Lea Leila Leon Leonor Lian Liam Lina Linh Livia Lorenzo Louise Luca Lucia Ludmila Luis Luka Lydia Maja Malik
Manuel Mara Marco Margarita Maria Marie Marisol Marko Marta Martin Mateo Matilda Maya Mehmet Mei Mia Mila Milan Mina Minh Mira
Mohamed Monica Nadia Naoko Nasser Natalia Nia Nicolas Nikhil Nils Nina Noah Noor Nora Olga Oliver Olivia Omar Oscar Otto Pablo
Paula Pavel Pedro Petra Piotr Priya Quentin Rafael Rahul Rania Rasmus Ravi Rebecca Renata Ricardo Rita Robert Rosa Ruben Ruth
Sabine Sadia Sakura Salma Samir Samuel Sandra Santiago Sara Sasha Selma Sergio Shira Silvia Simon Sofia Soren Stefan Stella
Sunita Susana Tamar Tara Tariq Tatiana Teresa Theo Thomas Tobias Tomas Uma Valentina Vera Viktor Vincent Violeta Walter Wei
Xavier Yara Yasmin Yusuf Zainab Zara Zofia Zoltan
`);

export const LAST_NAMES = splitWords(`
Abbott Abe Abebe Adeyemi Aguilar Ahmed Akhtar Albrecht Almeida Alvarez Andersen Anderson Andersson Antonov Araujo Arslan Aydin
Baker Balogun Banerjee Barbosa Barros Bauer Becker Benali Bennett Berg Bergstrom Bianchi Bishop Blanc Borg Boyd Brandt Brennan
Brooks Bruno Burke Byrne Caldwell Campos Cardoso Carlson Carter Castillo Chandra Chavez Chen Cho Choi Christensen Clark Cohen Cole
Collins Conti Costa Cruz Dahl Dalton Danso Das Davies Delgado Demir Desai Diallo Diaz Dimitrov Dubois Duran Eriksen Esposito Evans
Farkas Fernandes Ferrari Fischer Fleming Flores Fontana Foster Fournier Franco Fraser Friedman Fuchs Fujita Gallo Garcia Garnier
Gibson Gomes Gonzalez Goto Graf Grant Greco Green Gruber Gupta Haas Haddad Hagen Hale Hall Hamilton Hansen Hara Hart Hassan Hayes
Henry Herrera Hoang Hoffmann Holm Horvat Hossain Howard Huang Hughes Hussein Ibarra Inoue Ito Ivanov Jackson Jankowski Jansen
Jensen Jimenez Johansson Johnson Jones Jung Kaplan Kato Kaur Keller Kelly Khan Kim Kimura Klein Kovacs Kowalski Kraus Kumar Lang
Larsen Laurent Le Lee Lehmann Leon Lewis Li Lin Lindholm Lopez Lund Maier Malik Mancini Marino Marques Martin Mazur Medina Mehta
Mendes Meyer Miller Mori Moreau Moreno Morris Mukherjee Muller Murphy Nakamura Navarro Ndiaye Nelson Nguyen Nielsen Nilsson Novak
Nowak Obi Ochoa Oduya Okafor Oliveira Olsen Ortega Osei Ozturk Palmer Papadakis Park Patel Pereira Perez Petersen Petrov Pham
Pinto Popescu Quinn Ramos Rao Reid Reyes Ricci Richter Rivera Robinson Rojas Romano Rossi Roux Ruiz Russo Saito Salazar Sanchez
Santos Sato Schmidt Schneider Sharma Silva Singh Sokolov Soto Stewart Suzuki Svensson Takahashi Tanaka Taylor Tran Turner Ueda
Vargas Vasquez Vega Virtanen Vogel Wagner Walker Wang Watanabe Weber White Wilson Wolf Wong Wu Yamada Yang Yilmaz Young Zhang Zhou
`);

export const JOB_TITLES = splitWords(`
Accountant Analyst Architect Archivist Auditor Buyer Chemist Clerk Consultant Coordinator Copywriter Data_Engineer Designer Developer
Dispatcher Economist Editor Electrician Engineer Estimator Geologist Illustrator Instructor Interpreter Librarian Logistics_Planner
Machinist Marketing_Manager Mechanic Nurse Operations_Manager Optician Pharmacist Photographer Planner Product_Manager Programmer
Project_Manager Purchaser Receptionist Recruiter Researcher Sales_Manager Scheduler Site_Manager Statistician Support_Engineer Surveyor
System_Administrator Teacher Technician Test_Engineer Translator Treasurer Veterinarian Warehouse_Manager Welder Writer
`);
